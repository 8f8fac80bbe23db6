/** An answer other than success, in the form of inthreat errors: `{message, code}` (SEKOIA-4). */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly status: number
  readonly code: string

  constructor(status: number, message: string, code = `INTHREAT${status}`) {
    super(message)
    this.status = status
    this.code = code
  }
}
