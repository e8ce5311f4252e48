-- What a leased request had made when it was lost: whoever takes it over goes on with that and makes no second one.
alter table idempotency_keys add column subject text;
