/** What went wrong with a question to the server, for people. */
export class ApiFailure extends Error {
  constructor(
    readonly error: string,
    readonly hint: string | null,
    readonly status: number,
  ) {
    super(error);
    this.name = "ApiFailure";
  }
}
