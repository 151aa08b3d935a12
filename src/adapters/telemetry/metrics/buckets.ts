/**
 * From the duration of a commit to a fast disk up to the maximum of the slowest request. 1 is the limit of the service's
 * objective.
 */
export const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
