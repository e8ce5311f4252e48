-- ringing → answered → completed, or ringing → failed | no_answer | busy | canceled; terminal is final.
create function calls_status_order() returns trigger language plpgsql as $$
begin
    raise exception 'call status can not move from % to %', old.status, new.status;
end
$$;

create trigger calls_status_order before update of status on calls
for each row when (new.status <> old.status and not (
    (old.status = 'ringing' and new.status in ('answered', 'failed', 'no_answer', 'busy', 'canceled'))
    or (old.status = 'answered' and new.status = 'completed')))
execute function calls_status_order();
