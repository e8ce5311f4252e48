-- Renewals of numbers: what is due is found by its period's end, and whoever is short of money is told once a day.
alter table tenant_numbers add column renewal_alerted_at bigint;
create index tenant_numbers_due on tenant_numbers (period_end, id) where status <> 'released';
