-- Who is told when a recording is ready or has failed, and jobs that tell: a lane of their own, because customers' servers are
-- slow as they like. The list of lanes grows by one, each engine in its own way.
alter table recordings add column status_callback text;
