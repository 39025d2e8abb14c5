/**
 * Runs a program that ends when the one who started it goes away, however that happens: a test that fails, an
 * interrupt, a kill -9. Standard input is the leash: once it closes, the program is told to end, and killed 10 s later.
 * A line that comes along it is the name of a signal for the program.
 *
 * usage: node leash.ts COMMAND [ARGUMENT...]
 */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

const [command, ...args] = process.argv.slice(2)
if (command === undefined) throw new Error('usage: node leash.ts COMMAND [ARGUMENT...]')

const program = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] })
program.on('error', (error) => {
  process.stderr.write(`${error.message}\n`)
  process.exit(127)
})
program.on('exit', (status) => process.exit(status ?? 1))

const end = () => {
  program.kill('SIGTERM')
  // One that was halted could not end.
  program.kill('SIGCONT')
  setTimeout(() => program.kill('SIGKILL'), 10_000)
}
process.stdin.once('close', end)
createInterface({ input: process.stdin }).on('line', (signal) => program.kill(signal as NodeJS.Signals))
process.on('SIGTERM', end)
// A terminal sends Ctrl-C to the program as well; what is left to do here is to outlive it.
process.on('SIGINT', () => {})
