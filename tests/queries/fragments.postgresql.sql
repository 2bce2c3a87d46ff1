SELECT CAST(json_build_object(
  'version', tasks.version,
  'title', coalesce(tasks.title, ''),
  'updatedAt', to_char(timezone('UTC', tasks.updated_at), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
  'createdAt', to_char(timezone('UTC', tasks.created_at), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
  'id', CAST(tasks.id AS TEXT),
  'description', coalesce(tasks.description, '')) AS TEXT) AS json_build_object_1
FROM tasks
WHERE tasks.id = $1::BIGINT;
-- with [3]
