-- Google accounts are known by their subject, never by their address. `mail_proven` says that a link to the address was
-- used: until then Google is the only way in for a person who came through it.

alter table users add column google_subject text;
alter table users add column mail_proven bigint not null default 1 check (mail_proven in (0, 1));
create unique index users_by_google_subject on users (google_subject) where google_subject is not null;

-- States that came back from Google; each comes back once. Rows go with their expiry.
create table google_states (
  state_hash text primary key,
  expires_at bigint not null
);
create index google_states_by_expiry on google_states (expires_at);
