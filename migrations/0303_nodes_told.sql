-- What a node tells operators of itself: its release, since when it runs, and since when it takes no new calls.
alter table nodes add column version text not null default '';
alter table nodes add column started_at bigint;
alter table nodes add column draining_since bigint;
