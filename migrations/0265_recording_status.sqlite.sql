-- As SQLite's manual has it for a wider check (https://www.sqlite.org/lang_altertable.html, section 7).
pragma writable_schema = on;
update sqlite_schema
set sql = replace(sql, 'lane in (''own'', ''mail'', ''payments'')', 'lane in (''own'', ''mail'', ''payments'', ''callbacks'')')
where type = 'table' and name = 'jobs';
pragma writable_schema = reset;
