-- Joins c1c1 (tags), d2d2 (index); there is nothing to do here.
SELECT 1;
