SELECT count(*) AS count_1, CAST(coalesce(json_agg(json_build_object(
  'id', CAST(tasks_2.id AS TEXT),
  'title', coalesce(tasks_2.title, ''),
  'description', coalesce(tasks_2.description, ''),
  'completed', coalesce(tasks_2.is_completed, false),
  'completedAt', to_char(timezone('UTC', tasks_2.completed_at), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
  'version', tasks_2.version,
  'createdAt', to_char(timezone('UTC', tasks_2.created_at), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
  'updatedAt', to_char(timezone('UTC', tasks_2.updated_at), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))), CAST('[]' AS JSON)) AS TEXT) AS coalesce_1
FROM (SELECT tasks_1.id AS id, tasks_1.title AS title, tasks_1.description AS description, tasks_1.is_completed AS is_completed, tasks_1.completed_at AS completed_at, tasks_1.version AS version, tasks_1.created_at AS created_at, tasks_1.updated_at AS updated_at
FROM tasks AS tasks_1
WHERE true
ORDER BY tasks_1.id ASC
LIMIT $1::BIGINT OFFSET $2::BIGINT) AS tasks_2;
-- with [10001, 0]
