-- Who else was weighed for the entry: the best mention of another company, a hit or not.
ALTER TABLE hits ADD COLUMN runner_up TEXT CHECK (runner_up IS NULL OR json_valid(runner_up));
