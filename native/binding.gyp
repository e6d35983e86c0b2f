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
          'defines': ['NAPI_VERSION=8'],
          'cflags': ['-Wall', '-Wextra', '-Wconversion', '-Wno-unused-parameter', '-fvisibility=hidden'],
          'cflags_cc!': ['-fno-exceptions', '-std=gnu++17', '-std=gnu++20'],
          'cflags_cc': ['-std=c++17', '-fno-exceptions', '-fno-rtti'],
          # A program without Node-API or libuv is found out when it loads this, not later.
          'ldflags': ['-Wl,-z,relro,-z,now'],
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
