/** What is wrong with policies that a user has given, a line each. In a file of its own, as reading policies takes a schema compiler, and asking for the class does not. */
export class PolicyError extends Error {}
