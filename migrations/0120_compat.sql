-- Whose words a number's voice callbacks are in: 'sautikit', 'twilio' or 'africastalking'.
alter table tenant_numbers add column compat text not null default 'sautikit'
    check (compat in ('sautikit', 'twilio', 'africastalking'));
