-- Which form of its kind's data an event has: what waits, or is read again, keeps its own when the kind has another one.
alter table events add column version bigint not null default 1;
