-- Which parameters of a host's addresses are its own tracking, and by which pairs of addresses that was learned.
CREATE TABLE parameters (
    host TEXT NOT NULL,
    name TEXT NOT NULL,
    address TEXT NOT NULL, -- without parameters; '' = a person's word, which counts before all that was seen
    is_same INTEGER NOT NULL CHECK (is_same = 0 OR is_same = 1),
    one TEXT NOT NULL,
    other TEXT NOT NULL,
    noted_at TEXT NOT NULL,
    PRIMARY KEY (host, name, address)
) STRICT, WITHOUT ROWID;

CREATE VIEW parameter_list AS
SELECT
    host,
    name,
    CASE
        WHEN max(iif(address = '', is_same, NULL)) = 1 THEN 'tracking'
        WHEN max(iif(address = '', is_same, NULL)) = 0 OR min(is_same) = 0 THEN 'identity'
        WHEN count(*) >= 3 THEN 'tracking'
        ELSE 'undecided'
    END AS verdict,
    iif(min(address) = '', 'person', 'learned') AS decided_by,
    count(iif(address <> '' AND is_same = 1, 1, NULL)) AS confirmations,
    max(iif(address <> '' AND is_same = 0, one, NULL)) AS one,
    max(iif(address <> '' AND is_same = 0, other, NULL)) AS other,
    max(noted_at) AS noted_at
FROM parameters GROUP BY host, name;
