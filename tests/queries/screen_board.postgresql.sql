SELECT CAST(json_build_object(
  'name', coalesce(projects_1.name, ''),
  'color', projects_1.color,
  'urgent', (SELECT coalesce(json_agg(json_build_object(
  'id', CAST(tasks_3.id AS TEXT),
  'title', coalesce(tasks_3.title, ''),
  'position', coalesce(tasks_3.position, ''),
  'labels', (SELECT coalesce(json_agg(json_build_object(
  'name', coalesce(labels_6.name, ''),
  'color', labels_6.color)), CAST('[]' AS JSON)) AS coalesce_2
FROM (SELECT labels_4.name AS name, labels_4.color AS color
FROM task_labels AS task_labels_5 JOIN labels AS labels_4 ON labels_4.id = task_labels_5.label_id
WHERE task_labels_5.task_id = tasks_3.id
ORDER BY labels_4.name COLLATE "C" ASC, labels_4.id ASC
LIMIT $1::BIGINT OFFSET $2::BIGINT) AS labels_6),
  'subtaskCount', (SELECT count(*) AS count_1
FROM tasks AS tasks_7
WHERE tasks_7.parent_id = tasks_3.id),
  'done', (SELECT count(*) AS count_2
FROM tasks AS tasks_8
WHERE tasks_8.parent_id = tasks_3.id AND tasks_8.is_completed = true))), CAST('[]' AS JSON)) AS coalesce_1
FROM (SELECT tasks_2.id AS id, tasks_2.title AS title, tasks_2.position AS position
FROM tasks AS tasks_2
WHERE tasks_2.project_id = projects_1.id AND tasks_2.is_completed = false AND tasks_2.priority = $3::INTEGER
ORDER BY tasks_2.position ASC, tasks_2.id ASC
LIMIT $4::BIGINT OFFSET $5::BIGINT) AS tasks_3),
  'high', (SELECT coalesce(json_agg(json_build_object(
  'id', CAST(tasks_10.id AS TEXT),
  'title', coalesce(tasks_10.title, ''),
  'position', coalesce(tasks_10.position, ''),
  'labels', (SELECT coalesce(json_agg(json_build_object(
  'name', coalesce(labels_13.name, ''),
  'color', labels_13.color)), CAST('[]' AS JSON)) AS coalesce_4
FROM (SELECT labels_11.name AS name, labels_11.color AS color
FROM task_labels AS task_labels_12 JOIN labels AS labels_11 ON labels_11.id = task_labels_12.label_id
WHERE task_labels_12.task_id = tasks_10.id
ORDER BY labels_11.name COLLATE "C" ASC, labels_11.id ASC
LIMIT $6::BIGINT OFFSET $7::BIGINT) AS labels_13),
  'subtaskCount', (SELECT count(*) AS count_3
FROM tasks AS tasks_14
WHERE tasks_14.parent_id = tasks_10.id),
  'done', (SELECT count(*) AS count_4
FROM tasks AS tasks_15
WHERE tasks_15.parent_id = tasks_10.id AND tasks_15.is_completed = true))), CAST('[]' AS JSON)) AS coalesce_3
FROM (SELECT tasks_9.id AS id, tasks_9.title AS title, tasks_9.position AS position
FROM tasks AS tasks_9
WHERE tasks_9.project_id = projects_1.id AND tasks_9.is_completed = false AND tasks_9.priority = $8::INTEGER
ORDER BY tasks_9.position ASC, tasks_9.id ASC
LIMIT $9::BIGINT OFFSET $10::BIGINT) AS tasks_10),
  'rest', (SELECT coalesce(json_agg(json_build_object(
  'id', CAST(tasks_17.id AS TEXT),
  'title', coalesce(tasks_17.title, ''),
  'position', coalesce(tasks_17.position, ''),
  'labels', (SELECT coalesce(json_agg(json_build_object(
  'name', coalesce(labels_20.name, ''),
  'color', labels_20.color)), CAST('[]' AS JSON)) AS coalesce_6
FROM (SELECT labels_18.name AS name, labels_18.color AS color
FROM task_labels AS task_labels_19 JOIN labels AS labels_18 ON labels_18.id = task_labels_19.label_id
WHERE task_labels_19.task_id = tasks_17.id
ORDER BY labels_18.name COLLATE "C" ASC, labels_18.id ASC
LIMIT $11::BIGINT OFFSET $12::BIGINT) AS labels_20),
  'subtaskCount', (SELECT count(*) AS count_5
FROM tasks AS tasks_21
WHERE tasks_21.parent_id = tasks_17.id),
  'done', (SELECT count(*) AS count_6
FROM tasks AS tasks_22
WHERE tasks_22.parent_id = tasks_17.id AND tasks_22.is_completed = true))), CAST('[]' AS JSON)) AS coalesce_5
FROM (SELECT tasks_16.id AS id, tasks_16.title AS title, tasks_16.position AS position
FROM tasks AS tasks_16
WHERE tasks_16.project_id = projects_1.id AND tasks_16.is_completed = false AND tasks_16.priority < $13::INTEGER
ORDER BY tasks_16.position ASC, tasks_16.id ASC
LIMIT $14::BIGINT OFFSET $15::BIGINT) AS tasks_17),
  'done', (SELECT count(*) AS count_7
FROM tasks AS tasks_23
WHERE tasks_23.project_id = projects_1.id AND tasks_23.is_completed = true)) AS TEXT) AS json_build_object_1
FROM projects AS projects_1
WHERE projects_1.id = $16::BIGINT;
-- with [9223372036854775807, 0, 4, 20, 0, 9223372036854775807, 0, 3, 20, 0, 9223372036854775807, 0, 3, 20, 0, 1]
