/* SPDX-License-Identifier: MIT */
/*
 * What an audit cannot do without: the libvirt calls for every domain, and reading the node's
 * files. Neither is looked at. Usage: audit_calls [URI] ROOT
 */
#include <ftw.h>
#include <libvirt/libvirt.h>
#include <stdio.h>
#include <stdlib.h>

#define CPUS_MOST 1024

static int file_read(const char *path, const struct stat *status, int type)
{
	static char buffer[65536];
	FILE *file;

	(void)status;
	if (type != FTW_F)
		return 0;
	file = fopen(path, "re");
	while (file && fread(buffer, 1, sizeof buffer, file) > 0)
		;
	if (file)
		fclose(file);
	return 0;
}

static void domain_ask(virDomainPtr domain)
{
	static virVcpuInfo infos[CPUS_MOST];
	static unsigned char maps[CPUS_MOST * CPUS_MOST / 8];

	free(virDomainGetXMLDesc(domain, 0));
	free(virDomainGetXMLDesc(domain, VIR_DOMAIN_XML_INACTIVE));
	virDomainGetVcpus(domain, infos, 64, maps, CPUS_MOST / 8);
	virDomainFree(domain);
}

int main(int argc, char **argv)
{
	virConnectPtr connection = argc > 2 ? virConnectOpenReadOnly(argv[1]) : NULL;
	virDomainPtr *domains;
	int n = connection ? virConnectListAllDomains(connection, &domains, 0) : -1;

	for (int i = 0; i < n; i++)
		domain_ask(domains[i]);
	return (argc > 2 && n < 0) || ftw(argv[argc - 1], file_read, 16) != 0;
}
