// The packed web client between two symbols (embedded_pack.hpp).
    .section .rodata
    .global knotos_web_pack_begin
    .global knotos_web_pack_end
    .balign 16
knotos_web_pack_begin:
    .incbin KNOTOS_WEB_PACK
knotos_web_pack_end:
    .byte 0
    .section .note.GNU-stack, "", %progbits
