/** The addresses that no registry is looked for at where whoever writes a workload says where to look: this machine's, and its link's. */
import { BlockList, isIP } from 'node:net'

const own = new BlockList()
// RFC 6890: this host, loopback, link-local (where clouds keep the credentials of machines), and what stands for several.
for (const [network, prefix] of [['0.0.0.0', 8], ['127.0.0.0', 8], ['169.254.0.0', 16], ['224.0.0.0', 4], ['240.0.0.0', 4]] as const)
  own.addSubnet(network, prefix, 'ipv4')
for (const [network, prefix] of [['::', 127], ['fe80::', 10], ['ff00::', 8]] as const) own.addSubnet(network, prefix, 'ipv6')
// Where clouds keep those credentials besides: Alibaba's, and Amazon's for IPv6.
own.addAddress('100.100.100.200', 'ipv4')
own.addAddress('fd00:ec2::254', 'ipv6')

/** What an address without TLS or with it is turned down with: a code, as the network has it. */
export const forbiddenCode = 'EADDRFORBIDDEN'

/** True for what is no address at all. */
export function isForbidden(address: string): boolean {
  const family = isIP(address)
  // BlockList takes an IPv4 address that is written as one of IPv6 for what it is.
  return family === 0 || own.check(address, family === 4 ? 'ipv4' : 'ipv6')
}
