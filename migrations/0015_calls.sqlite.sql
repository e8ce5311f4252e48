-- ringing → answered → completed, or ringing → failed | no_answer | busy | canceled; terminal is final.
create trigger calls_status_order before update of status on calls
when new.status <> old.status and not (
    (old.status = 'ringing' and new.status in ('answered', 'failed', 'no_answer', 'busy', 'canceled'))
    or (old.status = 'answered' and new.status = 'completed'))
begin
    select raise(abort, 'call status can not move that way');
end;
