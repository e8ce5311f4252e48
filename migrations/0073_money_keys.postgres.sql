-- As in 0063: the index of a key that others refer to has to be newer than those that begin with the workspace too.
do $$
declare
    parent text;
    tenant_key text;
    step text;
    drops text[];
    adds text[];
begin
    foreach parent in array array['top_ups', 'wallet_ledger'] loop
        tenant_key := parent || '_workspace_id_id_key';
        select array_agg(format('alter table %s drop constraint %I', c.conrelid::regclass, c.conname)),
            array_agg(format('alter table %s add constraint %I %s', c.conrelid::regclass, c.conname,
                pg_get_constraintdef(c.oid)))
        into drops, adds
        from pg_constraint c
        where c.contype = 'f' and c.confrelid = parent::regclass and c.conindid = tenant_key::regclass;
        drops := drops || format('alter table %I drop constraint %I', parent, tenant_key);
        adds := format('alter table %I add constraint %I unique (workspace_id, id)', parent, tenant_key) || adds;
        foreach step in array drops || adds loop
            execute step;
        end loop;
    end loop;
end
$$;
