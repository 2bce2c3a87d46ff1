SELECT CAST(json_build_object(
  'title', coalesce(tasks_1.title, ''),
  'description', coalesce(tasks_1.description, ''),
  'completed', coalesce(tasks_1.is_completed, false),
  'priority', CASE tasks_1.priority WHEN 0 THEN 'NONE' WHEN 1 THEN 'LOW' WHEN 2 THEN 'MEDIUM' WHEN 3 THEN 'HIGH' WHEN 4 THEN 'URGENT' END,
  'dueOn', to_char(tasks_1.due_on, 'YYYY-MM-DD'),
  'dueAt', to_char(timezone('UTC', tasks_1.due_at), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
  'startOn', to_char(tasks_1.start_on, 'YYYY-MM-DD'),
  'version', tasks_1.version,
  'project', (SELECT json_build_object(
  'id', CAST(projects_2.id AS TEXT),
  'name', coalesce(projects_2.name, ''),
  'color', projects_2.color) AS json_build_object_2
FROM projects AS projects_2
WHERE projects_2.id = tasks_1.project_id),
  'parent', (SELECT json_build_object(
  'id', CAST(tasks_3.id AS TEXT),
  'title', coalesce(tasks_3.title, '')) AS json_build_object_3
FROM tasks AS tasks_3
WHERE tasks_3.id = tasks_1.parent_id),
  'labels', (SELECT coalesce(json_agg(json_build_object(
  'id', CAST(labels_6.id AS TEXT),
  'name', coalesce(labels_6.name, ''),
  'color', labels_6.color)), CAST('[]' AS JSON)) AS coalesce_1
FROM (SELECT labels_4.id AS id, labels_4.name AS name, labels_4.color AS color
FROM task_labels AS task_labels_5 JOIN labels AS labels_4 ON labels_4.id = task_labels_5.label_id
WHERE task_labels_5.task_id = tasks_1.id
ORDER BY labels_4.name COLLATE "C" ASC, labels_4.id ASC
LIMIT $1::BIGINT OFFSET $2::BIGINT) AS labels_6),
  'subtasks', (SELECT coalesce(json_agg(json_build_object(
  'id', CAST(tasks_8.id AS TEXT),
  'title', coalesce(tasks_8.title, ''),
  'completed', coalesce(tasks_8.is_completed, false),
  'labels', (SELECT coalesce(json_agg(json_build_object(
  'name', coalesce(labels_11.name, ''))), CAST('[]' AS JSON)) AS coalesce_3
FROM (SELECT labels_9.name AS name
FROM task_labels AS task_labels_10 JOIN labels AS labels_9 ON labels_9.id = task_labels_10.label_id
WHERE task_labels_10.task_id = tasks_8.id
ORDER BY labels_9.name COLLATE "C" ASC, labels_9.id ASC
LIMIT $3::BIGINT OFFSET $4::BIGINT) AS labels_11),
  'subtaskCount', (SELECT count(*) AS count_1
FROM tasks AS tasks_12
WHERE tasks_12.parent_id = tasks_8.id))), CAST('[]' AS JSON)) AS coalesce_2
FROM (SELECT tasks_7.id AS id, tasks_7.title AS title, tasks_7.is_completed AS is_completed
FROM tasks AS tasks_7
WHERE tasks_7.parent_id = tasks_1.id
ORDER BY tasks_7.position ASC, tasks_7.id ASC
LIMIT $5::BIGINT OFFSET $6::BIGINT) AS tasks_8)) AS TEXT) AS json_build_object_1
FROM tasks AS tasks_1
WHERE tasks_1.id = $7::BIGINT;
-- with [9223372036854775807, 0, 9223372036854775807, 0, 9223372036854775807, 0, 101]
