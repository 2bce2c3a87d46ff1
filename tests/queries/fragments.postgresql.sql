SELECT CAST(json_build_object(
  'version', tasks_1.version,
  'title', coalesce(tasks_1.title, ''),
  'updatedAt', to_char(timezone('UTC', tasks_1.updated_at), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
  'createdAt', to_char(timezone('UTC', tasks_1.created_at), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
  'id', CAST(tasks_1.id AS TEXT),
  'description', coalesce(tasks_1.description, '')) AS TEXT) AS json_build_object_1
FROM tasks AS tasks_1
WHERE tasks_1.id = $1::BIGINT;
-- with [3]
