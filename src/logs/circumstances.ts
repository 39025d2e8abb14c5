/** What is known of the gunicorn that wrote a log, from the command that started it. */
export interface Circumstances {
  readonly workers?: number | undefined
  readonly threads?: number | undefined
  readonly workerClass?: string | undefined
  /** Seconds. */
  readonly timeout?: number | undefined
  /** Seconds. */
  readonly gracefulTimeout?: number | undefined
  readonly maxRequests?: number | undefined
  readonly accessLogFormat?: string | undefined
  readonly daemon?: boolean | undefined
  /** `shop.wsgi:application` */
  readonly application?: string | undefined
  readonly gunicorn?: string | undefined
  /** True where gevent is known to be installed. */
  readonly hasGevent?: boolean | undefined
  /** True where there is a command at all. */
  readonly isKnown: boolean
}
