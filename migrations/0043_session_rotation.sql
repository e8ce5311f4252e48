-- A session's token changes when the person's rights do; the old one works for a little while, for requests under way.

alter table sessions add column previous_token_hash text;
alter table sessions add column previous_until bigint;
create index sessions_by_previous_token on sessions (previous_token_hash) where previous_token_hash is not null;
