-- When the payer paid, as the provider told it: books are compared by that, and not by when we heard of it.
alter table top_ups add column paid_at bigint;
alter table top_ups add column callback_paid_at bigint;
-- By whom a payment is looked for that names no account.
create index top_ups_of_payers on top_ups (phone, amount_minor) where receipt is null and channel = 'push';
