-- What a node has begun and not brought to its end: looked through for recordings whose file or node is lost.
create index recordings_unfinished on recordings (node_id, started_at) where status in ('recording', 'paused', 'processing');
drop index recordings_open_of_node;
