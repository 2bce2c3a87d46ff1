SELECT count(*) AS count_1, CAST(coalesce(json_agg(json_build_object(
  'id', CAST(tasks_2.id AS TEXT),
  'completedAt', to_char(timezone('UTC', tasks_2.completed_at), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))), CAST('[]' AS JSON)) AS TEXT) AS coalesce_1
FROM (SELECT tasks_1.id AS id, tasks_1.completed_at AS completed_at
FROM tasks AS tasks_1
WHERE true
ORDER BY tasks_1.completed_at ASC NULLS FIRST, tasks_1.id ASC
LIMIT $1::BIGINT OFFSET $2::BIGINT) AS tasks_2;
-- with [10001, 0]

SELECT count(*) AS count_1, CAST(coalesce(json_agg(json_build_object(
  'id', CAST(tasks_2.id AS TEXT),
  'completedAt', to_char(timezone('UTC', tasks_2.completed_at), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))), CAST('[]' AS JSON)) AS TEXT) AS coalesce_1
FROM (SELECT tasks_1.id AS id, tasks_1.completed_at AS completed_at
FROM tasks AS tasks_1
WHERE true
ORDER BY tasks_1.completed_at DESC NULLS LAST, tasks_1.id DESC
LIMIT $1::BIGINT OFFSET $2::BIGINT) AS tasks_2;
-- with [10001, 0]
