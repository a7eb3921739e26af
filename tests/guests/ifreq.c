/* The loopback interface through ioctl: index, name, flags, address. See
   netdevice(7), if_nametoindex(3). static-too */
#include "guest.h"
#include <arpa/inet.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

int main(void)
{
	struct ifreq r;
	char name[IF_NAMESIZE];
	int fd = (int)MUST(socket(AF_INET, SOCK_DGRAM, 0));
	CHECK_EQ("if_nametoindex", if_nametoindex("lo"), 1);
	CHECK_STR("if_indextoname", if_indextoname(1, name), "lo");
	CHECK_EQ("no such name", if_nametoindex("nosuch0"), 0);
	strcpy(r.ifr_name, "lo");
	MUST(ioctl(fd, SIOCGIFFLAGS, &r));
	CHECK("up, loopback, running",
	      (r.ifr_flags & (IFF_UP | IFF_LOOPBACK | IFF_RUNNING)) == (IFF_UP | IFF_LOOPBACK | IFF_RUNNING));
	MUST(ioctl(fd, SIOCGIFADDR, &r));
	CHECK_STR("address", inet_ntoa(((struct sockaddr_in *)&r.ifr_addr)->sin_addr), "127.0.0.1");
	MUST(ioctl(fd, SIOCGIFNETMASK, &r));
	CHECK_STR("mask", inet_ntoa(((struct sockaddr_in *)&r.ifr_netmask)->sin_addr), "255.0.0.0");
	MUST(ioctl(fd, SIOCGIFMTU, &r));
	CHECK_EQ("mtu", r.ifr_mtu, 65536);
	strcpy(r.ifr_name, "nosuch0");
	CHECK_ERR("no such interface", ioctl(fd, SIOCGIFFLAGS, &r), ENODEV);
	struct ifconf list = {.ifc_len = 0, .ifc_req = NULL};
	MUST(ioctl(fd, SIOCGIFCONF, &list));
	CHECK("room for at least one", list.ifc_len >= (int)sizeof r && list.ifc_len % sizeof r == 0);
	return guest_done();
}
