SELECT CAST(json_build_object(
  'title', coalesce(tasks_1.title, '')) AS TEXT) AS json_build_object_1
FROM tasks AS tasks_1
WHERE tasks_1.id = $1::BIGINT;
-- with [4]

SELECT count(*) AS count_1, CAST(coalesce(json_agg(json_build_object(
  'id', CAST(tasks_2.id AS TEXT),
  'updatedAt', to_char(timezone('UTC', tasks_2.updated_at), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))), CAST('[]' AS JSON)) AS TEXT) AS coalesce_1
FROM (SELECT tasks_1.id AS id, tasks_1.updated_at AS updated_at
FROM tasks AS tasks_1
WHERE true
ORDER BY tasks_1.updated_at DESC, tasks_1.id DESC
LIMIT $1::BIGINT OFFSET $2::BIGINT) AS tasks_2;
-- with [2, 0]

SELECT count(*) AS count_1, CAST(coalesce(json_agg(json_build_object(
  'id', CAST(tasks_2.id AS TEXT))), CAST('[]' AS JSON)) AS TEXT) AS coalesce_1
FROM (SELECT tasks_1.id AS id
FROM tasks AS tasks_1
WHERE true
ORDER BY tasks_1.id ASC
LIMIT $1::BIGINT OFFSET $2::BIGINT) AS tasks_2;
-- with [10001, 0]
