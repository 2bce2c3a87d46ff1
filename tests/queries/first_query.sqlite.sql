BEGIN;

SELECT count(*) AS count_1, json_group_array(json_object(
  'id', CAST(tasks_2.id AS TEXT),
  'title', CAST(coalesce(tasks_2.title, '') AS TEXT),
  'description', CAST(coalesce(tasks_2.description, '') AS TEXT),
  'completed', iif(tasks_2.is_completed, json('true'), json('false')),
  'completedAt', CAST(tasks_2.completed_at AS TEXT),
  'version', CAST(tasks_2.version AS INTEGER),
  'createdAt', CAST(tasks_2.created_at AS TEXT),
  'updatedAt', CAST(tasks_2.updated_at AS TEXT))) AS json_group_array_1
FROM (SELECT tasks_1.id AS id, tasks_1.title AS title, tasks_1.description AS description, tasks_1.is_completed AS is_completed, tasks_1.completed_at AS completed_at, tasks_1.version AS version, tasks_1.created_at AS created_at, tasks_1.updated_at AS updated_at
FROM tasks AS tasks_1
WHERE 1 = 1
ORDER BY tasks_1.id ASC
LIMIT ? + 0 OFFSET ?) AS tasks_2;
-- with [10001, 0]
