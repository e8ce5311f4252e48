-- Of a top-up that failed: whether money may have been taken all the same, because its provider did not say or people look at it.
alter table top_ups add column may_be_paid bigint not null default 0 check (may_be_paid in (0, 1));
update top_ups set may_be_paid = 1
where status = 'failed' and (failure_reason like 'M-Pesa did not say%' or failure_reason like '%a person looks at it%');
