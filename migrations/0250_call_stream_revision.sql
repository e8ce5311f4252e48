-- How often the token of a call's `stream_url` was revoked: each revision has a token of its own.

alter table calls add column stream_revision bigint not null default 0;
