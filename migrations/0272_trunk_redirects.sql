-- Whether a 3xx of the trunk is followed to where it sends a call.
alter table trunks add column follows_redirects bigint not null default 0 check (follows_redirects in (0, 1));
