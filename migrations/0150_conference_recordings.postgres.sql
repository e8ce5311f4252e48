alter table recordings drop constraint recordings_source_check;
alter table recordings add constraint recordings_source_check
    check (source in ('call', 'dial', 'record', 'conference'));
