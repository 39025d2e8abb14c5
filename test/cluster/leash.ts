/**
 * Runs a program that ends when the one who started it goes away, however that happens: a test that fails, an
 * interrupt, a kill -9. Standard input is the leash: once it closes, the program is told to end, and killed 10 s later.
 *
 * usage: node leash.ts COMMAND [ARGUMENT...]
 */
import { spawn } from 'node:child_process'

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
  setTimeout(() => program.kill('SIGKILL'), 10_000)
}
process.stdin.once('close', end).resume()
process.on('SIGTERM', end)
// A terminal sends Ctrl-C to the program as well; what is left to do here is to outlive it.
process.on('SIGINT', () => {})
