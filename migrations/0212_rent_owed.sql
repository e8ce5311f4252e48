-- Until when a number that was given up unpaid was charged: a claim in that time is paid already, once.
alter table tenant_numbers add column settled_until bigint;
