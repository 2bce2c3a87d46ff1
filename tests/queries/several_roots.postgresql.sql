SELECT CAST(json_build_object(
  'title', coalesce(tasks.title, '')) AS TEXT) AS json_build_object_1
FROM tasks
WHERE tasks.id = $1::BIGINT;
-- with [4]

SELECT count(*) AS count_1, CAST(coalesce(json_agg(json_build_object(
  'id', CAST(tasks.id AS TEXT),
  'updatedAt', to_char(timezone('UTC', tasks.updated_at), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))), CAST('[]' AS JSON)) AS TEXT) AS coalesce_1
FROM (SELECT tasks.id AS id, tasks.updated_at AS updated_at
FROM tasks
ORDER BY tasks.updated_at DESC, tasks.id ASC
LIMIT $1::BIGINT OFFSET $2::BIGINT) AS tasks;
-- with [2, 0]

SELECT count(*) AS count_1, CAST(coalesce(json_agg(json_build_object(
  'id', CAST(tasks.id AS TEXT))), CAST('[]' AS JSON)) AS TEXT) AS coalesce_1
FROM (SELECT tasks.id AS id
FROM tasks
ORDER BY tasks.id ASC
LIMIT $1::BIGINT OFFSET $2::BIGINT) AS tasks;
-- with [10001, 0]
