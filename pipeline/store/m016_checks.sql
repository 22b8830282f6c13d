-- As in the step m012_checks: the same conditions without lists.
UPDATE sqlite_schema SET sql = replace(replace(replace(
    sql,
    'method IN (''exact'', ''variant'', ''fuzzy'', ''ticker'', ''domain'')',
    'method = ''exact'' OR method = ''variant'' OR method = ''fuzzy'' OR method = ''ticker'' OR method = ''domain'''
), 'field IN (''title'', ''text'', ''url'')',
    'field = ''title'' OR field = ''text'' OR field = ''url'''
), 'relation IN (''new'', ''seen'', ''copy'', ''same_story'', ''update'')',
    'relation = ''new'' OR relation = ''seen'' OR relation = ''copy'' OR relation = ''same_story'' OR relation = ''update'''
) WHERE type = 'table' AND name IN ('hits', 'placements');
