// For tests that start the service: on which database.
process.env.TEST_DATABASE = 'postgres';
