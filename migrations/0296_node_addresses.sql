-- Where other nodes reach this one's internal listener, as ADDRESS:PORT; empty where it has none.
alter table nodes add column address text not null default '';
