-- Which calls' servers were asked in vain: lists count them by call, and there are few.

create index call_events_failed_callbacks on call_events (call_id) where kind = 'callback.failed';
