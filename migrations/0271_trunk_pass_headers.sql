-- Names of headers that are handed on between the calls of a trunk and the legs that they reach, as a JSON array.
alter table trunks add column pass_headers text not null default '[]';
