SELECT count(*) AS count_1, CAST(coalesce(json_agg(json_build_object(
  'id', CAST(tasks.id AS TEXT),
  'completedAt', to_char(timezone('UTC', tasks.completed_at), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))), CAST('[]' AS JSON)) AS TEXT) AS coalesce_1
FROM (SELECT tasks.id AS id, tasks.completed_at AS completed_at
FROM tasks
ORDER BY tasks.completed_at ASC NULLS FIRST, tasks.id ASC
LIMIT $1::BIGINT OFFSET $2::BIGINT) AS tasks;
-- with [10001, 0]

SELECT count(*) AS count_1, CAST(coalesce(json_agg(json_build_object(
  'id', CAST(tasks.id AS TEXT),
  'completedAt', to_char(timezone('UTC', tasks.completed_at), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))), CAST('[]' AS JSON)) AS TEXT) AS coalesce_1
FROM (SELECT tasks.id AS id, tasks.completed_at AS completed_at
FROM tasks
ORDER BY tasks.completed_at DESC NULLS LAST, tasks.id ASC
LIMIT $1::BIGINT OFFSET $2::BIGINT) AS tasks;
-- with [10001, 0]
