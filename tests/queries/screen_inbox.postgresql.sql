SELECT CAST((WITH page_3 AS
(SELECT tasks_2.id AS id, tasks_2.title AS title, tasks_2.priority AS priority, tasks_2.due_on AS due_on, tasks_2.key_0 AS key_0, tasks_2.key_1 AS key_1, row_number() OVER (ORDER BY tasks_2.key_0 ASC, tasks_2.key_1 ASC) AS number
FROM (SELECT tasks_1.id AS id, tasks_1.title AS title, tasks_1.priority AS priority, tasks_1.due_on AS due_on, tasks_1.position AS key_0, tasks_1.id AS key_1
FROM tasks AS tasks_1
WHERE tasks_1.is_completed = false AND tasks_1.project_id IS NULL AND tasks_1.parent_id IS NULL
ORDER BY tasks_1.position ASC, tasks_1.id ASC
LIMIT $1::BIGINT + 1 OFFSET 0) AS tasks_2)
SELECT json_build_object(
  'totalCount', (SELECT count(*) AS count_1
FROM tasks AS tasks_1
WHERE tasks_1.is_completed = false AND tasks_1.project_id IS NULL AND tasks_1.parent_id IS NULL),
  'facets', json_build_array(json_build_object(
  'field', 'PROJECT',
  'buckets', (SELECT coalesce(json_agg(json_build_object(
  'key', buckets_6.key,
  'label', buckets_6.label,
  'count', buckets_6.count)), CAST('[]' AS JSON)) AS coalesce_1
FROM (SELECT keyed_5.key AS key, keyed_5.label AS label, keyed_5.rank AS rank, count(*) AS count
FROM (SELECT CAST(projects_4.id AS VARCHAR) AS key, coalesce(projects_4.name, 'No project') AS label, projects_4.position AS rank
FROM tasks AS tasks_1 LEFT OUTER JOIN projects AS projects_4 ON projects_4.id = tasks_1.project_id
WHERE tasks_1.is_completed = false AND tasks_1.parent_id IS NULL) AS keyed_5 GROUP BY keyed_5.key, keyed_5.label, keyed_5.rank
ORDER BY keyed_5.rank ASC NULLS LAST, keyed_5.key
LIMIT 1000000 OFFSET 0) AS buckets_6)), json_build_object(
  'field', 'LABEL',
  'buckets', (SELECT coalesce(json_agg(json_build_object(
  'key', buckets_10.key,
  'label', buckets_10.label,
  'count', buckets_10.count)), CAST('[]' AS JSON)) AS coalesce_2
FROM (SELECT keyed_9.key AS key, keyed_9.label AS label, keyed_9.rank AS rank, count(*) AS count
FROM (SELECT CAST(labels_8.id AS VARCHAR) AS key, coalesce(labels_8.name, 'No label') AS label, labels_8.name COLLATE "C" AS rank
FROM tasks AS tasks_1 LEFT OUTER JOIN (task_labels AS task_labels_7 JOIN labels AS labels_8 ON labels_8.id = task_labels_7.label_id) ON task_labels_7.task_id = tasks_1.id
WHERE tasks_1.is_completed = false AND tasks_1.project_id IS NULL AND tasks_1.parent_id IS NULL) AS keyed_9 GROUP BY keyed_9.key, keyed_9.label, keyed_9.rank
ORDER BY keyed_9.rank ASC NULLS LAST, keyed_9.key
LIMIT 1000000 OFFSET 0) AS buckets_10))),
  'nodes', (SELECT coalesce(json_agg(json_build_object(
  'id', CAST(tasks_12.id AS TEXT),
  'title', coalesce(tasks_12.title, ''),
  'priority', CASE tasks_12.priority WHEN 0 THEN 'NONE' WHEN 1 THEN 'LOW' WHEN 2 THEN 'MEDIUM' WHEN 3 THEN 'HIGH' WHEN 4 THEN 'URGENT' END,
  'dueOn', to_char(tasks_12.due_on, 'YYYY-MM-DD'),
  'labels', (SELECT coalesce(json_agg(json_build_object(
  'name', coalesce(labels_15.name, ''),
  'color', labels_15.color)), CAST('[]' AS JSON)) AS coalesce_4
FROM (SELECT labels_13.name AS name, labels_13.color AS color
FROM task_labels AS task_labels_14 JOIN labels AS labels_13 ON labels_13.id = task_labels_14.label_id
WHERE task_labels_14.task_id = tasks_12.id
ORDER BY labels_13.name COLLATE "C" ASC, labels_13.id ASC
LIMIT $2::BIGINT OFFSET $3::BIGINT) AS labels_15),
  'subtaskCount', (SELECT count(*) AS count_2
FROM tasks AS tasks_16
WHERE tasks_16.parent_id = tasks_12.id))), CAST('[]' AS JSON)) AS coalesce_3
FROM (SELECT tasks_11.id AS id, tasks_11.title AS title, tasks_11.priority AS priority, tasks_11.due_on AS due_on, tasks_11.key_0 AS key_0, tasks_11.key_1 AS key_1, tasks_11.number AS number
FROM page_3 AS tasks_11
WHERE tasks_11.number <= $1::BIGINT
ORDER BY tasks_11.number ASC
LIMIT $1::BIGINT OFFSET 0) AS tasks_12),
  'pageInfo', json_build_object(
  'hasNextPage', coalesce((SELECT count(*) AS count_3
FROM page_3 AS tasks_17) > $1::BIGINT, false),
  'endCursor', (SELECT $4::VARCHAR || encode(convert_to('[' || coalesce(CAST(to_json(tasks_18.key_0) AS TEXT), 'null') || ',' || coalesce(CAST(to_json(tasks_18.key_1) AS TEXT), 'null') || ']', 'UTF8'), 'hex') AS anon_2
FROM page_3 AS tasks_18
WHERE tasks_18.number <= $1::BIGINT
ORDER BY tasks_18.number DESC
LIMIT 1 OFFSET 0))) AS json_build_object_1) AS TEXT) AS anon_1;
-- with [2, 9223372036854775807, 0, '42473950c5b72a53']
