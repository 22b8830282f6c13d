-- SQLite makes a table in memory for each list of more than two values that a CHECK asks for, at every row that is
-- written: a third of what an entry cost. The same conditions without lists. What is stored does not change, so that
-- the text of the table may (https://sqlite.org/lang_altertable.html#otheralter, the simpler procedure).
UPDATE sqlite_schema SET sql = replace(replace(
    sql,
    'date_kind IN (''given'', ''guessed'', ''seen'')',
    'date_kind = ''given'' OR date_kind = ''guessed'' OR date_kind = ''seen'''
), 'relation IN (''new'', ''seen'', ''copy'', ''same_story'', ''update'')',
    'relation = ''new'' OR relation = ''seen'' OR relation = ''copy'' OR relation = ''same_story'' OR relation = ''update'''
) WHERE type = 'table' AND name = 'entries';
