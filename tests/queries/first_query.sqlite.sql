BEGIN;

SELECT count(*) AS count_1, json_group_array(json_object(
  'id', CAST(tasks.id AS TEXT),
  'title', CAST(coalesce(tasks.title, '') AS TEXT),
  'description', CAST(coalesce(tasks.description, '') AS TEXT),
  'completed', iif(tasks.completed, json('true'), json('false')),
  'completedAt', CAST(tasks.completed_at AS TEXT),
  'version', CAST(tasks.version AS INTEGER),
  'createdAt', CAST(tasks.created_at AS TEXT),
  'updatedAt', CAST(tasks.updated_at AS TEXT))) AS json_group_array_1
FROM (SELECT tasks.id AS id, tasks.title AS title, tasks.description AS description, tasks.completed AS completed, tasks.completed_at AS completed_at, tasks.version AS version, tasks.created_at AS created_at, tasks.updated_at AS updated_at
FROM tasks
ORDER BY tasks.id ASC
LIMIT ? OFFSET ?) AS tasks;
-- with [10001, 0]
