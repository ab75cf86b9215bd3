/*
 * floor SERVICES DESTINATIONS: fills the IPVS table of this network namespace with what inputs.js describes, as fast as a client can:
 * messages encoded in place, 256 requests in one send, the last of which asks for an ACK. Prints the milliseconds it took.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { BATCH = 256, LARGEST = 512 };
enum { NEW_SERVICE = 1, NEW_DEST = 5, SERVICE = 1, DEST = 2 };

static char buffer[BATCH * LARGEST];
static char *end = buffer;
static struct nlmsghdr *message;
static int queued, descriptor, family;
static uint32_t sequence;

static void fail(const char *what) {
  fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
  exit(1);
}

static struct nlattr *attribute(int type, const void *data, int length) {
  struct nlattr *header = (struct nlattr *)end;
  header->nla_type = type;
  header->nla_len = NLA_HDRLEN + length;
  memset(end + NLA_HDRLEN, 0, NLA_ALIGN(length));
  memcpy(end + NLA_HDRLEN, data, length);
  end += NLA_HDRLEN + NLA_ALIGN(length);
  return header;
}

static void put8(int type, uint8_t value) { attribute(type, &value, 1); }
static void put16(int type, uint16_t value) { attribute(type, &value, 2); }
static void put32(int type, uint32_t value) { attribute(type, &value, 4); }

static void put_address(int type, uint32_t value) {
  uint32_t bytes[4] = {htonl(value)};
  attribute(type, bytes, 16);
}

static struct nlattr *open_nest(int type) { return attribute(type, "", 0); }
static void close_nest(struct nlattr *nest) { nest->nla_len = end - (char *)nest; }

static void open_message(int type, int command, int version) {
  message = (struct nlmsghdr *)end;
  *message = (struct nlmsghdr){.nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST, .nlmsg_seq = ++sequence};
  *(struct genlmsghdr *)NLMSG_DATA(message) = (struct genlmsghdr){.cmd = command, .version = version};
  end += NLMSG_HDRLEN + GENL_HDRLEN;
}

static char *receive(void) {
  static char reply[8192];
  if (recv(descriptor, reply, sizeof reply, 0) < 0) fail("recv");
  return reply;
}

static void send_queued(void) {
  if (queued == 0) return;
  message->nlmsg_flags |= NLM_F_ACK;
  if (send(descriptor, buffer, end - buffer, 0) < 0) fail("send");
  for (;;) {
    struct nlmsghdr *reply = (struct nlmsghdr *)receive();
    errno = -*(int *)NLMSG_DATA(reply);
    if (errno != 0) fail("refused");
    if (reply->nlmsg_seq == sequence) break;
  }
  end = buffer;
  queued = 0;
}

static void close_message(void) {
  message->nlmsg_len = end - (char *)message;
  if (++queued == BATCH) send_queued();
}

static void resolve_family(void) {
  open_message(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1);
  attribute(CTRL_ATTR_FAMILY_NAME, "IPVS", 5);
  message->nlmsg_len = end - buffer;
  if (send(descriptor, buffer, end - buffer, 0) < 0) fail("send");
  char *reply = receive();
  int length = ((struct nlmsghdr *)reply)->nlmsg_len;
  for (int at = NLMSG_HDRLEN + GENL_HDRLEN; at < length;) {
    struct nlattr *header = (struct nlattr *)(reply + at);
    if (header->nla_type == CTRL_ATTR_FAMILY_ID) family = *(uint16_t *)(reply + at + NLA_HDRLEN);
    at += NLA_ALIGN(header->nla_len);
  }
  if (family == 0) fail("no IPVS");
  end = buffer;
}

static struct nlattr *open_service(uint32_t address) {
  struct nlattr *nest = open_nest(SERVICE);
  put16(1, AF_INET);
  put16(2, IPPROTO_TCP);
  put_address(3, address);
  put16(4, htons(80));
  return nest;
}

static void add_service(uint32_t address) {
  uint32_t flags[2] = {0, ~0u};
  open_message(family, NEW_SERVICE, 1);
  struct nlattr *nest = open_service(address);
  attribute(6, "wlc", 4);
  attribute(7, flags, 8);
  put32(8, 0);
  put32(9, ~0u);
  close_nest(nest);
  close_message();
}

static void add_destination(uint32_t service, uint32_t number) {
  open_message(family, NEW_DEST, 1);
  close_nest(open_service(service));
  struct nlattr *nest = open_nest(DEST);
  put16(11, AF_INET);
  put_address(1, 0x0a000001 + number);
  put16(2, htons(8080));
  put32(3, 0);
  put32(4, 1 + number % 100);
  put32(5, 0);
  put32(6, 0);
  put8(13, 0);
  put16(14, 0);
  put16(15, 0);
  close_nest(nest);
  close_message();
}

int main(int argc, char **argv) {
  if (argc != 3) return 64;
  uint32_t services = atoi(argv[1]), destinations = atoi(argv[2]);
  struct timespec start, stop;
  descriptor = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
  if (descriptor < 0) fail("socket");
  resolve_family();
  clock_gettime(CLOCK_MONOTONIC, &start);
  for (uint32_t service = 0; service < services; service++) {
    add_service(0xc6120001 + service);
    for (uint32_t each = 0; each < destinations; each++) add_destination(0xc6120001 + service, service * destinations + each);
  }
  send_queued();
  clock_gettime(CLOCK_MONOTONIC, &stop);
  printf("%.1f\n", (stop.tv_sec - start.tv_sec) * 1e3 + (stop.tv_nsec - start.tv_nsec) / 1e6);
}
