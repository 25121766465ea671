-- Parts them again; there is nothing to do here.
SELECT 1;
