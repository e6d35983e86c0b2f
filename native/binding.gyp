{
  'targets': [
    {
      'target_name': 'sidetone-udp',
      'variables': { 'sanitize%': '' },
      'conditions': [
        ['OS=="linux"', {
          'sources': [
            'udp/arguments.cc',
            'udp/batch.cc',
            'udp/module.cc',
            'udp/packet_plan.cc',
            'udp/sender.cc',
            'udp/sender_threads.cc',
            'udp/socket_object.cc',
            'udp/systemd_notify.cc',
            'udp/udp_socket.cc',
          ],
          'defines': ['NAPI_VERSION=9'],
          'cflags': ['-Wall', '-Wextra', '-Wconversion', '-Wno-unused-parameter', '-fvisibility=hidden'],
          'cflags_cc!': ['-fno-exceptions', '-std=gnu++17', '-std=gnu++20'],
          'cflags_cc': ['-std=c++17', '-fno-exceptions', '-fno-rtti'],
          'ldflags': ['-Wl,-z,defs,-z,relro,-z,now', '-Wl,--unresolved-symbols=ignore-all'],
          'conditions': [
            ['sanitize!=""', {
              'cflags': ['-fsanitize=<(sanitize)', '-fno-sanitize-recover=all', '-fno-omit-frame-pointer', '-g', '-O1'],
              'ldflags': ['-fsanitize=<(sanitize)'],
            }],
          ],
        }, {
          # No recvmmsg, no UDP_SEGMENT: the program uses node:dgram there.
          'type': 'none',
        }],
      ],
    },
  ],
}
