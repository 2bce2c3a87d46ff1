SELECT count(*) AS count_1, CAST(coalesce(json_agg(json_build_object(
  'id', CAST(tasks.id AS TEXT),
  'title', coalesce(tasks.title, ''),
  'description', coalesce(tasks.description, ''),
  'completed', coalesce(tasks.completed, false),
  'completedAt', to_char(timezone('UTC', tasks.completed_at), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
  'version', tasks.version,
  'createdAt', to_char(timezone('UTC', tasks.created_at), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
  'updatedAt', to_char(timezone('UTC', tasks.updated_at), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))), CAST('[]' AS JSON)) AS TEXT) AS coalesce_1
FROM (SELECT tasks.id AS id, tasks.title AS title, tasks.description AS description, tasks.completed AS completed, tasks.completed_at AS completed_at, tasks.version AS version, tasks.created_at AS created_at, tasks.updated_at AS updated_at
FROM tasks
ORDER BY tasks.id ASC
LIMIT $1::BIGINT OFFSET $2::BIGINT) AS tasks;
-- with [10001, 0]
