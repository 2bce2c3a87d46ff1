INSERT INTO projects (id, name, color, position)
VALUES (1, 'Kitchen', '#3b82c4', 'a0'), (2, 'Holidays', NULL, 'a1');

INSERT INTO labels (id, name, color) VALUES (1, 'shop', '#c43b3b'), (2, 'phone', NULL);

INSERT INTO tasks (id, title, completed, priority, position, project_id, parent_id, due_on, due_at)
VALUES
  (101, 'Choose tiles', false, 4, 'b10', 1, NULL, '2026-01-30', NULL),
  (102, 'Measure twice', true, 3, 'b11', 1, 101, NULL, NULL),
  (103, 'Order a sample', false, 3, 'b12', 1, 101, '2026-02-01', NULL),
  (104, 'Call the plumber', false, 3, 'b13', 1, NULL, NULL, '2026-01-31T11:59:59.000Z'),
  (105, 'Repair the tap', false, 0, 'b14', 1, NULL, NULL, '2026-01-31T12:00:01.000Z'),
  (106, 'Book the train', false, 2, 'b15', 2, NULL, '2026-01-31', NULL),
  (107, 'Pay the deposit', true, 0, 'b16', 2, NULL, '2026-01-15', NULL);

INSERT INTO task_labels (task_id, label_id) VALUES (1, 1), (101, 1), (103, 1), (104, 2);
