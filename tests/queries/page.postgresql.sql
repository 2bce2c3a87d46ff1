SELECT count(*) AS count_1, CAST(coalesce(json_agg(json_build_object(
  'id', CAST(tasks.id AS TEXT),
  'createdAt', to_char(timezone('UTC', tasks.created_at), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))), CAST('[]' AS JSON)) AS TEXT) AS coalesce_1
FROM (SELECT tasks.id AS id, tasks.created_at AS created_at
FROM tasks
ORDER BY tasks.created_at DESC, tasks.id ASC
LIMIT $1::BIGINT OFFSET $2::BIGINT) AS tasks;
-- with [2, 1]
